namespace Etcdish.Kubelet.Certificates;

/// <summary>A certificate was denied, could not be signed, or its request is gone: the same request will never get it.</summary>
/// <param name="message">Why.</param>
internal sealed class CertificateRefusedException(string message) : Exception(message);
