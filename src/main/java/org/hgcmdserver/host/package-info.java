/**
 * Reports to the host: readiness, status and stopping to the service manager, the priority of each
 * message to the journal. Depends on {@code posix} only.
 */
package org.hgcmdserver.host;
