package org.hgcmdserver.host;

/**
 * Tells the service manager how the service is. No call blocks, throws or fails; they come from the
 * service's loop thread.
 */
public interface Notifier {

    /** Nobody wants to know. */
    Notifier NONE =
            new Notifier() {
                @Override
                public void ready() {}

                @Override
                public void status(String text) {}

                @Override
                public void stopping() {}

                @Override
                public void close() {}
            };

    /** Connections are accepted from now on. */
    void ready();

    /** One line for people, in ASCII. */
    void status(String text);

    /** The drain has begun. */
    void stopping();

    /** Delivers what was told so far, as far as that takes no more than a moment. */
    void close();
}
