package org.hgcmdserver.listener;

import java.io.IOException;
import java.nio.file.Path;

/** The daemon gets no listening socket; the message is one line that says what to do. */
public final class ListenException extends IOException {

    private static final long serialVersionUID = 1;

    public ListenException(String message) {
        super(message);
    }

    static ListenException cannot(Path path, String reason, IOException cause) {
        return new ListenException(
                "cannot listen at %s: %s; choose another path with --address"
                        .formatted(path, reason),
                cause);
    }

    ListenException(String message, Throwable cause) {
        super(message, cause);
    }
}
