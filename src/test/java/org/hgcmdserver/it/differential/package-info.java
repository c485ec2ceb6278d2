/**
 * Sequences of commands, run by plain hg and through the daemon on equal repositories, and the
 * comparison of their answers and results. Depends on a daemon's socket only.
 */
package org.hgcmdserver.it.differential;
