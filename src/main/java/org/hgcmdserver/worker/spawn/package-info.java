/**
 * Workers that are started when their connection is there; needs nothing but the program to run.
 */
package org.hgcmdserver.worker.spawn;
