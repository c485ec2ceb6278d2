/**
 * The children of this process: {@link org.hgcmdserver.children.Children} maps each pid to the
 * action that the child's exit runs, the {@link org.hgcmdserver.children.Reaper} is the only place
 * that waits for exits. The package may depend on {@code posix} alone; it knows neither workers nor
 * templates.
 */
package org.hgcmdserver.children;
