/**
 * The only access to native code: processes, descriptors, sockets, signals and waiting as Java
 * types.
 *
 * <p>The package calls all functions through jffi, the foundation of jnr-posix, and uses
 * jnr-posix's tables of platform constants. It loads jnr-posix itself only to translate group
 * names, since loading takes longer than the rest of the daemon's start, and since the posix_spawn
 * of jnr-posix can set neither signal masks nor default signals. The package depends on no other
 * package of this project and must not know the purposes of its callers.
 *
 * <p>Elsewhere in this project a constructor has no side effects, and a static factory starts what
 * an object stands for. {@code EventLoop} and {@code MessageLine} are the exceptions, since neither
 * has a state without its descriptors: their constructors acquire all of them, or none and throw.
 */
package org.hgcmdserver.posix;
