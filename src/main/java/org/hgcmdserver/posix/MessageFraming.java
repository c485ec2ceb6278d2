package org.hgcmdserver.posix;

import java.io.IOException;
import java.util.List;

/** How messages are told apart in a stream of bytes. An instance reads one stream. */
interface MessageFraming {

    /** The stream is not of messages. */
    final class BrokenFramingException extends IOException {

        private static final long serialVersionUID = 1;

        BrokenFramingException(String message) {
            super(message);
        }
    }

    /** Adds what has arrived, which may end within a message; returns the messages it completes. */
    List<byte[]> add(byte[] bytes) throws BrokenFramingException;

    /** The bytes to send for a message. */
    byte[] frame(byte[] message);
}
