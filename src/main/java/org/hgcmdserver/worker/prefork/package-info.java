/**
 * Workers that are there before their connection: forked ahead from a warm template of Mercurial
 * (src/main/python), which gets a connection by SCM_RIGHTS. Where that cannot be had, now or at
 * all, connections are served by {@code worker.spawn}.
 */
package org.hgcmdserver.worker.prefork;
