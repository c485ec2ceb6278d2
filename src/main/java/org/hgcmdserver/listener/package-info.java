/**
 * The sources of a listening socket: the daemon binds it or inherits it from the service manager.
 * After start-up other packages cannot tell the difference, except for who may unlink the path.
 *
 * <p>The package may depend on {@code posix}; it knows neither the service nor workers.
 */
package org.hgcmdserver.listener;
