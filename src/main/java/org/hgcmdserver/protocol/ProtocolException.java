package org.hgcmdserver.protocol;

import java.io.IOException;

/** The server violated the protocol, or ended the connection before an exchange was complete. */
public final class ProtocolException extends IOException {

    private static final long serialVersionUID = 1;

    public ProtocolException(String message) {
        super(message);
    }
}
