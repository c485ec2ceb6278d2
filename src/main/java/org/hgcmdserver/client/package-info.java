/**
 * A client of a command server on a Unix socket, for Java programs and for {@code hg-cmdserver
 * run}. Depends on {@code protocol}, and on {@code posix} to signal a worker's group; knows nothing
 * of the daemon.
 */
package org.hgcmdserver.client;
