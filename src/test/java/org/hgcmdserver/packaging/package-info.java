/** The files that service managers read: systemd's units and launchd's property lists. */
package org.hgcmdserver.packaging;
