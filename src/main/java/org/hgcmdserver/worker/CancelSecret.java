package org.hgcmdserver.worker;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import org.hgcmdserver.posix.Environment;

/**
 * The secret from which a daemon's workers make the keys with which clients of other users
 * interrupt their commands (src/main/python/hgcmdserver/cancel.py). The strict servers, and the
 * next image of this process, receive the secret in their environment, which only processes of this
 * user can read.
 */
public final class CancelSecret {

    public static final String VARIABLE = "HG_CMDSERVER_CANCEL";

    private static final int BYTES = 16;

    /** Empty if the system has no source of random numbers: then there are no keys. */
    private static final String VALUE = value();

    private CancelSecret() {}

    /** This environment with the secret. */
    public static Environment addTo(Environment environment) {
        return environment.with(VARIABLE, VALUE);
    }

    private static String value() {
        String handedOver = Environment.inherited().get(VARIABLE);
        if (handedOver != null && !handedOver.isEmpty()) {
            return handedOver;
        }
        // not SecureRandom, whose providers take longer to load than the rest of a start
        try (InputStream random = new FileInputStream("/dev/urandom")) {
            return new BigInteger(1, random.readNBytes(BYTES)).toString(16);
        } catch (IOException e) {
            return "";
        }
    }
}
