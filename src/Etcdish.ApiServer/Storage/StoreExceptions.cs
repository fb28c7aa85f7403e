namespace Etcdish.ApiServer.Storage;

/// <summary>The revision asked for has been compacted away.</summary>
/// <param name="inner">What the store said, or null.</param>
public sealed class StoreCompactedException(Exception? inner = null) : Exception("the required revision has been compacted", inner);

/// <summary>The revision asked for lies ahead of the store.</summary>
/// <param name="inner">What the store said, or null.</param>
public sealed class StoreFutureRevisionException(Exception? inner = null) : Exception("the required revision is a future one", inner);

/// <summary>The store holds no request of this size.</summary>
/// <param name="inner">What the store said, or null.</param>
public sealed class StoreTooLargeException(Exception? inner = null) : Exception("etcdserver: request is too large", inner);

/// <summary>The store could not answer. A write may have happened or not.</summary>
/// <param name="message">What the store said.</param>
/// <param name="inner">The cause.</param>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
