package org.hgcmdserver.client;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.hgcmdserver.protocol.Message;

/**
 * Tells whether the line that a command asks for is a password. On the message channel a prompt has
 * an attribute for this, but a server has that channel only if its own configuration asks for it,
 * and then sends all messages there. Without the channel, the order of Mercurial's output tells, in
 * all releases: {@code ui.getpass} writes the prompt to the error channel and asks for a line at
 * once; before any other line {@code ui._readline} writes at least a blank to the output channel. A
 * message on the error channel that is not a prompt ends with a newline.
 */
final class PromptWatch {

    private boolean password;
    private boolean lineIsOpen;

    void output() {
        password = false;
        lineIsOpen = false;
    }

    /** A stream that passes its data on to {@code sink}. */
    OutputStream error(OutputStream sink) {
        password = false;
        return new FilterOutputStream(sink) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                if (length > 0) {
                    lineIsOpen = bytes[offset + length - 1] != '\n';
                }
                out.write(bytes, offset, length);
            }
        };
    }

    void message(Message message) {
        password = message.isForPassword();
        lineIsOpen = false;
    }

    boolean isForPassword() {
        return password || lineIsOpen;
    }

    /** The server asks in pieces for a line that is longer than it takes at once. */
    void answered(byte[] piece) {
        if (piece.length == 0 || piece[piece.length - 1] == '\n') {
            output();
        }
    }
}
