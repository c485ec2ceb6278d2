package org.hgcmdserver.it;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * Lets test classes run side by side in several JVMs, except those with {@link RunsAlone}: each
 * class holds a lock on the file that {@code -Dhgcmdserver.turns} names, such a class an exclusive
 * one. Without the property classes take no turns.
 */
public final class Turns implements BeforeAllCallback {

    private static final String FILE = System.getProperty("hgcmdserver.turns");

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        if (FILE == null) {
            return;
        }
        boolean shared = !context.getRequiredTestClass().isAnnotationPresent(RunsAlone.class);
        FileChannel file =
                FileChannel.open(
                        Path.of(FILE),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        file.lock(0, Long.MAX_VALUE, shared);
        context.getStore(Namespace.create(Turns.class))
                .put(Turns.class, file); // and closed after it
    }
}
