package org.hgcmdserver.listener;

import java.io.IOException;

/** The daemon gets no listening socket; the message is one line that says what to do. */
public final class ListenException extends IOException {

    private static final long serialVersionUID = 1;

    public ListenException(String message) {
        super(message);
    }

    ListenException(String message, Throwable cause) {
        super(message, cause);
    }
}
