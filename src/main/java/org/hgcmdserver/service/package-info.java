/**
 * Mercurial's {@code unixforkingservice}: bind, main loop, cleanup, with its variation points in
 * {@link org.hgcmdserver.service.ServiceHandler} and its settings in {@link
 * org.hgcmdserver.service.ServiceConfig}.
 *
 * <p>{@link org.hgcmdserver.service.ForkingService#serve} is a connection's whole way in and {@link
 * org.hgcmdserver.service.ForkingService#workerExited} its whole way out; the service is the only
 * listener of both. The package knows listeners, worker sources and the host by their interfaces,
 * and nothing of systemd, configuration or the command line.
 */
package org.hgcmdserver.service;
