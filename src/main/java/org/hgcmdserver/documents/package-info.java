/**
 * For the build only, and not in the jar: generates the files shipped beside the program from the
 * one list of options, which the commands declare. Depends on {@code cli}; no package depends on
 * this one.
 */
package org.hgcmdserver.documents;
