/**
 * The only access to native code: processes, descriptors, sockets, signals and waiting as Java
 * types.
 *
 * <p>The package binds all functions through jnr-ffi, the foundation of jnr-posix, and uses
 * jnr-posix's table of platform constants. It loads jnr-posix itself only to translate user ids,
 * since loading takes longer than the rest of the daemon's start, and since the posix_spawn of
 * jnr-posix can set neither signal masks nor default signals. The package depends on no other
 * package of this project and must not know the purposes of its callers.
 */
package org.hgcmdserver.posix;
