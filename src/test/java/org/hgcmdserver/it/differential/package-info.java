/**
 * Sequences of commands, run by plain hg and through the daemon on equal repositories, and the
 * comparison of what they answer and leave. Knows a daemon by its socket alone.
 */
package org.hgcmdserver.it.differential;
