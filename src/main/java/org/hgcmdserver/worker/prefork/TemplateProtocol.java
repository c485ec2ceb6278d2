package org.hgcmdserver.worker.prefork;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The messages between the daemon and the processes of src/main/python: templates, proofs and
 * workers. Each is a word, and after a blank, if anything follows, an argument of any bytes.
 * src/main/python/hgcmdserver/daemonline.py documents the words.
 */
final class TemplateProtocol {

    /** Sent to a template with an end of a socket pair, the line to the worker. */
    static final byte[] FORK = word("fork");

    /** Sent to an idle worker. */
    static final byte[] REHEARSE = word("rehearse");

    /** Sent to an idle worker with a connection. */
    static final byte[] SERVE = word("serve");

    /** Sent to an idle worker with a connection of chg. */
    static final byte[] CHG = word("chg");

    /** The words that the daemon receives. */
    enum Word {
        /** Sent by a template and by a proof. */
        READY,
        /** Sent by a template; the argument is a part and the reason. */
        WITHOUT,
        /**
         * Sent by a template that has loaded a configuration; the argument tells for which clients.
         */
        PRELOADED,
        /** Sent by a template that was to load a configuration; the argument is the reason. */
        NOTPRELOADED,
        /** Sent by a template, also about a fork, and by a proof; the argument is the reason. */
        FAILED,
        /** Sent by a proof; the argument is the reason. */
        UNUSABLE,
        /**
         * Sent by a copy of a template, which may take its place; the argument is its process id.
         */
        SUCCESSOR,
        /** Sent by that copy: it is the template now. */
        SUCCEEDED,
        /** Sent by a template about a fork; the argument is the process id. */
        FORKED,
        /** Sent by a worker first; the argument is its process id. */
        PID,
        /** Sent by a worker. */
        WARM,
        /** Sent by a worker. */
        STALE,
        /**
         * Sent by a worker that serves chg as a new process; the argument is the client's
         * directory, if the reason may be there.
         */
        SEPARATE,
        /** Sent by a process of another release. */
        UNKNOWN
    }

    private static final Set<Word> WITH_PID = EnumSet.of(Word.SUCCESSOR, Word.FORKED, Word.PID);

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
            Message parsed = new Message(word(name), rest);
            return parsed.isComplete() ? parsed : new Message(Word.UNKNOWN, rest);
        }

        private boolean isComplete() {
            return !WITH_PID.contains(word) || text().matches("[1-9][0-9]{0,8}");
        }

        private static Word word(String name) {
            for (Word word : Word.values()) {
                if (word.name().equals(name)) {
                    return word;
                }
            }
            return Word.UNKNOWN;
        }

        /** The argument, one char for each byte. */
        String bytes() {
            return new String(rest, ISO_8859_1);
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
