/**
 * The only door to native code: processes, descriptors, sockets, signals and waiting as Java types.
 *
 * <p>Everything here is bound through jnr-ffi, the foundation of jnr-posix, and uses jnr-posix's
 * table of platform constants; jnr-posix itself is loaded only to translate user ids, since loading
 * it takes longer than the rest of the daemon's start, and since its posix_spawn can set neither
 * signal masks nor default signals. The package depends on no other package of this project and
 * must not know what its callers use it for.
 */
package org.hgcmdserver.posix;
