/**
 * Tests of the installed tree (target/dist), one behaviour per class, with real processes:
 * Mercurial, systemd-socket-activate, python-hglib.
 */
package org.hgcmdserver.it;
