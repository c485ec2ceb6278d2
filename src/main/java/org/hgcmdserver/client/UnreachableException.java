package org.hgcmdserver.client;

import java.net.SocketException;

/** No server listens at a socket, or this user may not connect to it; the message names both. */
public final class UnreachableException extends SocketException {

    private static final long serialVersionUID = 1L;

    UnreachableException(String message, Throwable cause) {
        super(message);
        initCause(cause);
    }
}
