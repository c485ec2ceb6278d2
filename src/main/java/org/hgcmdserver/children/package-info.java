/**
 * The children of this process: {@link org.hgcmdserver.children.Children} maps each pid to what its
 * exit means, the {@link org.hgcmdserver.children.Reaper} is the one place that waits for exits.
 * May depend on {@code posix} alone; knows neither workers nor templates.
 */
package org.hgcmdserver.children;
