/**
 * What the host is told: the service manager about readiness, status and stopping, the journal
 * about the weight of a message. Depends on nobody.
 */
package org.hgcmdserver.host;
