package org.hgcmdserver.worker.prefork;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.Locale;

/**
 * The messages between the daemon and the processes of src/main/python: templates, proofs and
 * workers. Each is a word, and may go on after a blank with bytes of any value. What the words
 * mean, and when they are sent, says src/main/python/hgcmdserver/daemonline.py.
 */
final class TemplateProtocol {

    /** To a template, with an end of a socket pair, the line to the worker. */
    static final byte[] FORK = word("fork");

    /** To an idle worker. */
    static final byte[] REHEARSE = word("rehearse");

    /** To an idle worker, with a connection. */
    static final byte[] SERVE = word("serve");

    /** What the daemon receives. */
    enum Word {
        /** Of a template and of a proof. */
        READY,
        /** Of a template; a part, and the reason. */
        WITHOUT,
        /** Of a template and of a proof, and of a template about a fork; the reason. */
        FAILED,
        /** Of a proof; the reason. */
        UNUSABLE,
        /** Of a template about a fork; the process id. */
        FORKED,
        /** Of a worker; the process id. */
        PID,
        /** Of a worker. */
        WARM,
        /** Of a worker. */
        STALE,
        /** Of another release. */
        UNKNOWN
    }

    /** A message that the daemon has received. */
    record Message(Word word, byte[] rest) {

        static Message parse(byte[] message) {
            int end = 0;
            while (end < message.length && message[end] != ' ') {
                end++;
            }
            byte[] rest =
                    Arrays.copyOfRange(message, Math.min(end + 1, message.length), message.length);
            String name = new String(message, 0, end, ISO_8859_1).toUpperCase(Locale.ROOT);
            return new Message(word(name), rest);
        }

        private static Word word(String name) {
            for (Word word : Word.values()) {
                if (word.name().equals(name)) {
                    return word;
                }
            }
            return Word.UNKNOWN;
        }

        String text() {
            return new String(rest, UTF_8);
        }

        int pid() {
            return Integer.parseInt(text());
        }
    }

    private TemplateProtocol() {}

    private static byte[] word(String word) {
        return word.getBytes(ISO_8859_1);
    }
}
