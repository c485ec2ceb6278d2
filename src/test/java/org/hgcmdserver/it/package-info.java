/**
 * Behaviour of the installed tree (target/dist), each class one of it, with real processes:
 * Mercurial, systemd-socket-activate, python-hglib.
 */
package org.hgcmdserver.it;
