package org.hgcmdserver.client;

import java.io.IOException;
import java.util.OptionalLong;

/**
 * A socket is not that of a user whose servers this client uses, or another user can replace it;
 * the client has sent nothing. The message names the socket and the reason.
 */
public final class UntrustedServerException extends IOException {

    private static final long serialVersionUID = 1L;

    /** -1 if no user is at fault. */
    private final long user;

    UntrustedServerException(String message, OptionalLong user) {
        super(message);
        this.user = user.orElse(-1);
    }

    /**
     * The user who listens, or who can replace the socket: with this user's server permitted, the
     * client gets further. Empty if that would not help.
     */
    public OptionalLong user() {
        return user < 0 ? OptionalLong.empty() : OptionalLong.of(user);
    }
}
