/**
 * Workers: the processes that serve one connection each.
 *
 * <p>The {@link org.hgcmdserver.worker.WorkerTable} knows every worker and its state. A {@link
 * org.hgcmdserver.worker.WorkerSource} finds a worker for an accepted connection. The {@link
 * org.hgcmdserver.worker.HelloWatch} notices a worker's hello, the {@link
 * org.hgcmdserver.worker.StartTimeout} ends the wait for one, and a {@link
 * org.hgcmdserver.worker.Refusal} sends a client the reason why it gets no worker, or why its
 * worker has ended without a hello. May depend on {@code children}, {@code listener} (for
 * connections), {@code protocol} and {@code posix}; does not know the service.
 */
package org.hgcmdserver.worker;
