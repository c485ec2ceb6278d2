/**
 * For the build alone, and not in the jar: writes what is shipped beside the program from the one
 * list of options, which the commands declare. Knows {@code cli}; nobody knows it.
 */
package org.hgcmdserver.documents;
