package org.hgcmdserver.cli;

/** Reports a text that is not a value of its option; the message gives the reason. */
final class ValueException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    ValueException(String message) {
        super(message);
    }
}
