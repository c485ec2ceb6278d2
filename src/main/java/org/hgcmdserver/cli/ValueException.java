package org.hgcmdserver.cli;

/** A text is no value of its option; the message says why. */
final class ValueException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    ValueException(String message) {
        super(message);
    }
}
