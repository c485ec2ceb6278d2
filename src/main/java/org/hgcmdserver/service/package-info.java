/**
 * Mercurial's {@code unixforkingservice}: bind, main loop, cleanup, with its variation points in
 * {@link org.hgcmdserver.service.ServiceHandler}. Knows listeners, worker sources and the host by
 * their interfaces, and nothing of systemd, configuration or the command line.
 */
package org.hgcmdserver.service;
