/**
 * Workers that exist before their connection: a warm template of Mercurial (src/main/python) forks
 * them ahead, and a worker receives its connection by SCM_RIGHTS. Where there is no template, for
 * now or at all, {@code worker.spawn} serves the connections.
 */
package org.hgcmdserver.worker.prefork;
