/**
 * Workers: the processes that serve one connection each.
 *
 * <p>The {@link org.hgcmdserver.worker.WorkerTable} is the one place that knows who is alive and in
 * which state, the {@link org.hgcmdserver.worker.Reaper} the one place that waits for exits. A
 * {@link org.hgcmdserver.worker.WorkerSource} turns an accepted connection into a worker. May
 * depend on {@code listener} (for connections), {@code protocol} and {@code posix}; does not know
 * the service.
 */
package org.hgcmdserver.worker;
