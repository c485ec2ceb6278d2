package org.hgcmdserver.posix;

import java.io.IOException;
import java.util.List;

/** Finds the messages in a stream of bytes. An instance reads one stream. */
interface MessageFraming {

    /** The stream is malformed. */
    final class BrokenFramingException extends IOException {

        private static final long serialVersionUID = 1;

        BrokenFramingException(String message) {
            super(message);
        }
    }

    /** Adds bytes, which may end within a message; returns the messages that they complete. */
    List<byte[]> add(byte[] bytes) throws BrokenFramingException;

    /** The bytes to send for a message. */
    byte[] frame(byte[] message);
}
