package org.hgcmdserver.worker.prefork;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.hgcmdserver.posix.MessageLine;

/** A warm Mercurial to fork workers from. Used in the loop's thread only. */
interface Template {

    /** The name of a part without which a worker's first command takes several times as long. */
    String REHEARSALS = "rehearsals";

    /** The keeper, which hears of the template's life. */
    interface Listener {
        /** The template can fork workers. */
        void ready(Template template) throws IOException;

        /**
         * The template can fork workers, but without a part of what makes them warm, fresh or
         * strict.
         *
         * @param missing the part, and the reason
         */
        void without(String missing);

        /** The template has ended; {@code reason} is null after {@link #close}. */
        void ended(Template template, String reason) throws IOException;
    }

    /** Whether the template can fork workers. */
    boolean isReady();

    /** The configuration that the template has loaded; empty if it has loaded none. */
    default Optional<Preloaded> preloaded() {
        return Optional.empty();
    }

    /** How long the template has been ready. */
    Duration age();

    /** The process's part of the memory that it uses, in bytes; see ProcessMemory.pss. */
    long memory();

    /**
     * Requests a worker.
     *
     * @param receiver of the worker's messages; the line ends without a message if the template
     *     forks no worker
     * @return the daemon's end of the line to the worker
     * @throws IOException if the template has gone
     */
    MessageLine fork(MessageLine.Receiver receiver) throws IOException;

    /** Ends the template. Its workers stay. */
    void close();
}
