package org.hgcmdserver.protocol;

/**
 * The head of a frame from a server.
 *
 * @param channel where it came in; null for an optional channel that this version does not know
 * @param size on an input channel, how many bytes the server is willing to take; on any other, how
 *     many bytes of data follow
 */
public record Frame(Channel channel, int size) {}
