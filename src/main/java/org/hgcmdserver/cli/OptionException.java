package org.hgcmdserver.cli;

import java.io.IOException;

/** An option's value names something that is not there, or does not go with another's. */
final class OptionException extends IOException {

    private static final long serialVersionUID = 1;

    private final String option;
    private final String value;

    /**
     * @param option its name without the dashes
     */
    OptionException(String option, String message) {
        this(option, null, message);
    }

    /**
     * @param option its name without the dashes; it can be repeated
     * @param value the one that is wrong, as it was given
     */
    OptionException(String option, String value, String message) {
        super(message);
        this.option = option;
        this.value = value;
    }

    /** Null if there is one at most. */
    String value() {
        return value;
    }

    String option() {
        return option;
    }
}
