/**
 * Where a listening socket comes from: bound here or inherited from the service manager. After
 * start-up nobody else can tell the difference, save who may unlink.
 *
 * <p>May depend on {@code posix}; knows neither the service nor workers.
 */
package org.hgcmdserver.listener;
