using System.Text;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Certificates;

/// <summary>Asks the API for certificates: posts a request, and waits until somebody has approved it and it is signed.</summary>
/// <param name="client">The API.</param>
/// <param name="clock">The clock.</param>
/// <param name="warn">Is told when a request waits long.</param>
internal sealed class CertificateAsker(KubernetesClient client, TimeProvider clock, Action<string> warn)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    /// <summary>The certificate, as PEM; waits as long as it takes.</summary>
    /// <exception cref="CertificateRefusedException">There will be none.</exception>
    /// <exception cref="ApiStatusException">The request itself is refused.</exception>
    /// <exception cref="HttpRequestException">The API cannot be reached.</exception>
    public async Task<string> AskAsync(CertificateWish wish, CancellationToken cancellation)
    {
        try
        {
            await client.CreateAsync(Resources.CertificateSigningRequests, "", wish.ToObject(), cancellation);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            // It was asked for before a restart.
        }

        return await WaitAsync(wish.Name, cancellation);
    }

    private async Task<string> WaitAsync(string name, CancellationToken cancellation)
    {
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var informer = new Informer<CertificateSigningRequest>(
            client, Resources.CertificateSigningRequests, clock, warn, "fieldSelector=metadata.name%3D" + name);
        informer.Subscribe((_, now) => Look(name, now, answer));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var following = informer.RunAsync(stop.Token);
        try
        {
            await informer.Synced.WaitAsync(cancellation);
            if (informer.Find("", name) is null)
            {
                Look(name, null, answer);
            }

            await Task.WhenAny(answer.Task, Task.Delay(_patience, clock, stop.Token));
            if (!answer.Task.IsCompleted && !cancellation.IsCancellationRequested)
            {
                warn($"the certificate request {name} waits for somebody to approve it: kubectl certificate approve {name}");
            }

            return await answer.Task.WaitAsync(cancellation);
        }
        finally
        {
            await stop.CancelAsync();
            await following;
        }
    }

    private static void Look(string name, CertificateSigningRequest? now, TaskCompletionSource<string> answer)
    {
        if (now is { Status.Certificate.Length: > 0 })
        {
            answer.TrySetResult(Encoding.ASCII.GetString(now.Status.Certificate));
        }
        else if (now is null)
        {
            answer.TrySetException(new CertificateRefusedException($"the certificate request {name} was deleted"));
        }
        else if (Array.Find(now.Status.Conditions, condition => condition is { Type: "Denied" or "Failed", IsTrue: true }) is { } refusal)
        {
            answer.TrySetException(new CertificateRefusedException(
                $"the certificate request {name} {(refusal.Type == "Denied" ? "was denied" : "failed")}: {refusal.Message}"));
        }
    }
}
