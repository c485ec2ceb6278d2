/**
 * Workers that exist before their connection: a warm template of Mercurial (src/main/python) forks
 * them ahead, and a worker receives its connection by SCM_RIGHTS. Where there is no template, for
 * now or at all, {@code worker.spawn} serves the connections.
 *
 * <p>A forked worker is <em>unassigned</em> until it gets a connection: first requested, then
 * <em>idle</em>, once it has announced itself. A worker that the pool <em>retires</em> ends by
 * itself. Two events tell of a worker's end: the end of its line tells of an idle worker ({@code
 * gone}) or of one that was never forked ({@code notForked}), its exit tells of a busy one ({@code
 * workerExited}).
 */
package org.hgcmdserver.worker.prefork;
