package org.hgcmdserver.it.differential;

import java.util.Locale;

/** How a step runs on the daemon's side. */
enum Via {
    /** Over a connection of its own. */
    OWN,
    /** Over the connection that all such steps of the sequence share. */
    KEPT,
    /**
     * Over a connection of its own, while other clients ask the daemon about the same repository.
     */
    BESIDE,
    /** By chg, which the daemon serves; over a connection of its own where there is no chg. */
    CHG,
    /** With plain hg, which the daemon does not notice. */
    PLAIN;

    static Via of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
