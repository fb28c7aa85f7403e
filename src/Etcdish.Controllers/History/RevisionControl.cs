using System.Text.Json.Nodes;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.History;

/// <summary>Keeps the revisions of sets: objects of kind ControllerRevision, one for every template that a set has had.</summary>
/// <param name="context">What all controllers share.</param>
/// <param name="resource">The sets' resource.</param>
/// <param name="hashLabel">The label by which a revision carries its hash.</param>
internal sealed class RevisionControl<TOwner>(ControllerContext context, ApiResource<TOwner> resource, string hashLabel)
    where TOwner : KubernetesObject
{
    /// <summary>Names of revisions leave room for a hash within 253 characters.</summary>
    private const int MaxPrefixLength = 223;

    private readonly ObjectClaims<ControllerRevision> _claims =
        new(context.Client, Resources.ControllerRevisions, context.Informers.Of(Resources.ControllerRevisions));

    private readonly SureWrites _writes = new(context.Client, context.Clock);

    /// <summary>What is known of all revisions.</summary>
    public Informer<ControllerRevision> Informer { get; } = context.Informers.Of(Resources.ControllerRevisions);

    /// <summary>The revisions of a set, in their order. Those that nobody owns and that it selects become its own.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    public async Task<List<ControllerRevision>> ListAsync(TOwner owner, LabelSelector selector, CancellationToken cancellation)
    {
        var revisions = await _claims.ClaimAsync(resource, owner, revision => selector.Matches(revision.Metadata.Labels), cancellation);
        return RevisionOrder.Sorted(revisions);
    }

    /// <summary>The revision of a set's template, which is made, or becomes the newest, if need be.</summary>
    /// <param name="owner">The set.</param>
    /// <param name="template">Its template.</param>
    /// <param name="revisions">Its revisions, in their order.</param>
    /// <param name="collisions">How often names were taken.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The revision, and how often names were taken now.</returns>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    public async Task<(ControllerRevision Revision, int Collisions)> CurrentAsync(
        TOwner owner, PodTemplate template, IReadOnlyList<ControllerRevision> revisions, int collisions, CancellationToken cancellation)
    {
        var data = RevisionData.Of(template);
        var choice = RevisionOrder.Choose(revisions, data);
        if (choice.Equal is null)
        {
            return await CreateAsync(owner, template, data, choice.Number, collisions, cancellation);
        }

        if (choice.Equal.Revision == choice.Number)
        {
            return (choice.Equal, collisions);
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = choice.Equal.Metadata.Uid },
            ["revision"] = choice.Number,
        };
        var (ns, name) = choice.Equal.Key;
        var newest = await context.Client.PatchAsync(Resources.ControllerRevisions, ns, name, patch, PatchKind.Merge, "", cancellation);
        return (newest, collisions);
    }

    /// <summary>Removes the oldest revisions that nothing needs, but for so many.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    public async Task TruncateAsync(
        IReadOnlyList<ControllerRevision> revisions, Predicate<ControllerRevision> isLive, int limit, CancellationToken cancellation)
    {
        foreach (var revision in RevisionOrder.Surplus(revisions, isLive, limit))
        {
            await _writes.DeleteAsync(Resources.ControllerRevisions, revision, cancellation);
        }
    }

    private async Task<(ControllerRevision Revision, int Collisions)> CreateAsync(
        TOwner owner, PodTemplate template, JsonObject data, long number, int collisions, CancellationToken cancellation)
    {
        while (true)
        {
            var revision = Make(owner, template, data, number, collisions);
            try
            {
                var made = await _writes.CreateAsync(Resources.ControllerRevisions, owner.Metadata.Namespace, revision, cancellation);
                return (made, collisions);
            }
            catch (ApiStatusException e) when (e.IsAlreadyExists)
            {
                var name = revision["metadata"]!["name"]!.GetValue<string>();
                var there = await context.Client.FindAsync(Resources.ControllerRevisions, owner.Metadata.Namespace, name, cancellation);
                if (there is null || !RevisionData.AreEqual(there.Data, data) || IsOfAnother(there, owner))
                {
                    collisions++;
                    continue;
                }

                // The cache lags: this was made before, or is nobody's and will be taken up at the next look.
                if (there.Metadata.Controller is null)
                {
                    throw;
                }

                return (there, collisions);
            }
        }
    }

    private static bool IsOfAnother(ControllerRevision revision, TOwner owner) =>
        revision.Metadata.Controller is { } controller && controller.Uid != owner.Metadata.Uid;

    private static JsonObject ToJson(Dictionary<string, string> texts) =>
        new(texts.Select(text => KeyValuePair.Create(text.Key, (JsonNode?)text.Value)));

    private JsonObject Make(TOwner owner, PodTemplate template, JsonObject data, long number, int collisions)
    {
        var name = owner.Metadata.Name;
        var hash = RevisionData.Hash(data, collisions);
        var labels = ToJson(template.Labels);
        labels[hashLabel] = hash;
        return new JsonObject
        {
            ["apiVersion"] = Resources.ControllerRevisions.ApiVersion,
            ["kind"] = Resources.ControllerRevisions.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{name[..Math.Min(name.Length, MaxPrefixLength)]}-{hash}",
                ["labels"] = labels,
                ["annotations"] = ToJson(owner.Metadata.Annotations),
                ["ownerReferences"] = new JsonArray(OwnerReference.ToController(resource, owner)),
            },
            ["data"] = data.DeepClone(),
            ["revision"] = number,
        };
    }
}
