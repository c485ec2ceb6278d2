package org.hgcmdserver.it.differential;

import java.util.Locale;

/** How a step is done on the daemon's side. */
enum Via {
    /** By a connection of its own. */
    OWN,
    /** By the connection that other such steps of the sequence use, too. */
    KEPT,
    /** By a connection of its own, while others ask the daemon about the same repository. */
    BESIDE,
    /** By plain hg, behind the daemon's back. */
    PLAIN;

    static Via of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
