/**
 * The command-server protocol as Mercurial's commandserver.py speaks it: the channels, their frames
 * and the hello. Depends on no other package.
 */
package org.hgcmdserver.protocol;
