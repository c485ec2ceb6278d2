package org.hgcmdserver.protocol;

import java.io.IOException;

/** The server did not keep to the protocol, or ended the connection in the middle of something. */
public final class ProtocolException extends IOException {

    private static final long serialVersionUID = 1;

    public ProtocolException(String message) {
        super(message);
    }
}
