package org.hgcmdserver.cli;

import java.io.IOException;

/** An option's value names something that does not exist, or contradicts another option's value. */
final class OptionException extends IOException {

    private static final long serialVersionUID = 1;

    private final String option;
    private final String value;

    /**
     * @param option the option's name without the dashes
     */
    OptionException(String option, String message) {
        this(option, null, message);
    }

    /**
     * @param option the name, without the dashes, of an option that can be repeated
     * @param value the wrong value, as given
     */
    OptionException(String option, String value, String message) {
        super(message);
        this.option = option;
        this.value = value;
    }

    /** Null unless the option can be repeated. */
    String value() {
        return value;
    }

    String option() {
        return option;
    }
}
