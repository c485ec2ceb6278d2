package org.hgcmdserver.cli;

import java.io.IOException;

/** An option's value names something that is not there, or does not go with another's. */
final class OptionException extends IOException {

    private static final long serialVersionUID = 1;

    private final String option;

    /**
     * @param option its name without the dashes
     */
    OptionException(String option, String message) {
        super(message);
        this.option = option;
    }

    String option() {
        return option;
    }
}
