/**
 * The command-server protocol as Mercurial's commandserver.py speaks it: the channels, their frames
 * and the hello. Knows nobody.
 */
package org.hgcmdserver.protocol;
