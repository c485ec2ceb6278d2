package org.hgcmdserver.client;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.hgcmdserver.protocol.Message;

/**
 * Tells whether the line that a command asks for is a password. The message channel says so of a
 * prompt, but a server has that channel only if its own configuration asks for it, and then all
 * messages go there. Without it the order of what Mercurial writes tells, in all its releases:
 * {@code ui.getpass} writes the prompt to the error channel and asks for a line at once; before
 * each other line ({@code ui._readline}) it writes at least a blank to the output channel. A
 * message on the error channel other than a prompt ends its line.
 */
final class PromptWatch {

    private boolean password;
    private boolean lineIsOpen;

    void output() {
        password = false;
        lineIsOpen = false;
    }

    /** Passes on what is written to it. */
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

    /** A line that is longer than the server takes at once is asked for in pieces. */
    void answered(byte[] piece) {
        if (piece.length == 0 || piece[piece.length - 1] == '\n') {
            output();
        }
    }
}
