using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>
/// Puts endpoints into slices and changes as few slices as it can, since each change is sent to every node: an endpoint stays where it is;
/// new ones fill slices that change anyway, then one slice that has just the room for the rest, and only then new slices. Slices are not
/// joined when they run empty: those with nothing left go.
/// </summary>
/// <param name="maxEndpoints">How many endpoints a slice may have.</param>
/// <param name="isOwned">Whether a slice belongs to the owner of today, not to one that had its name before.</param>
/// <param name="isStale">Whether labels or annotations of a slice are to be written again.</param>
internal sealed class SlicePlanner(int maxEndpoints, Func<EndpointSlice, bool> isOwned, Func<EndpointSlice, bool> isStale)
{
    /// <summary>Plans.</summary>
    /// <param name="existing">The slices there are.</param>
    /// <param name="groups">What they should hold.</param>
    /// <param name="placeholders">The types of addresses that need a slice, be it empty.</param>
    public SlicePlan Make(IReadOnlyList<EndpointSlice> existing, IReadOnlyList<SliceGroup> groups, IReadOnlyList<string> placeholders)
    {
        var plan = new SlicePlan();
        var byGroup = new Dictionary<(string, string), List<EndpointSlice>>();
        foreach (var slice in existing)
        {
            if (!isOwned(slice))
            {
                plan.Deletions.Add(slice);
                continue;
            }

            var key = (slice.AddressType, PodPorts.KeyOf(slice.Ports));
            if (!byGroup.TryGetValue(key, out var same))
            {
                byGroup[key] = same = [];
            }

            same.Add(slice);
        }

        foreach (var group in groups.Where(group => group.Endpoints.Count > 0))
        {
            byGroup.Remove((group.AddressType, PodPorts.KeyOf(group.Ports)), out var same);
            Pack(group, same ?? [], plan);
        }

        foreach (var type in placeholders.Except(groups.Where(group => group.Endpoints.Count > 0).Select(group => group.AddressType)))
        {
            byGroup.Remove((type, ""), out var same);
            KeepPlace(type, same ?? [], plan);
        }

        plan.Deletions.AddRange(byGroup.Values.SelectMany(slices => slices));
        Recycle(plan);
        return plan;
    }

    private void Pack(SliceGroup group, List<EndpointSlice> slices, SlicePlan plan)
    {
        var left = new Dictionary<string, Endpoint>(group.Endpoints.Count, StringComparer.Ordinal);
        foreach (var endpoint in group.Endpoints)
        {
            left[EndpointForm.IdentityOf(endpoint)] = endpoint;
        }

        var changed = new List<SliceDraft>();
        var unchanged = new List<SliceDraft>();
        foreach (var slice in slices)
        {
            var (kept, isSame) = Keep(slice, left);
            if (kept.Count == 0)
            {
                plan.Deletions.Add(slice);
            }
            else
            {
                (isSame && !isStale(slice) ? unchanged : changed).Add(new SliceDraft(slice, slice.AddressType, slice.Ports, kept));
            }
        }

        var rest = new Queue<Endpoint>(group.Endpoints.Where(endpoint => left.ContainsKey(EndpointForm.IdentityOf(endpoint))));
        foreach (var draft in changed.OrderByDescending(draft => draft.Endpoints.Count))
        {
            Fill(draft, rest);
        }

        plan.Updates.AddRange(changed);
        PlaceRest(group, rest, unchanged, plan);
    }

    private static (List<Endpoint> Kept, bool IsSame) Keep(EndpointSlice slice, Dictionary<string, Endpoint> left)
    {
        var kept = new List<Endpoint>(slice.Endpoints.Length);
        var isSame = true;
        foreach (var endpoint in slice.Endpoints)
        {
            if (left.Remove(EndpointForm.IdentityOf(endpoint), out var wanted))
            {
                kept.Add(wanted);
                isSame &= EndpointForm.AreSame(endpoint, wanted);
            }
            else
            {
                isSame = false;
            }
        }

        return (kept, isSame);
    }

    private void PlaceRest(SliceGroup group, Queue<Endpoint> rest, List<SliceDraft> unchanged, SlicePlan plan)
    {
        while (rest.Count > 0)
        {
            var draft = rest.Count < maxEndpoints
                ? unchanged.Where(d => d.Endpoints.Count + rest.Count <= maxEndpoints).MaxBy(d => d.Endpoints.Count)
                : null;
            if (draft is null)
            {
                draft = new SliceDraft(null, group.AddressType, group.Ports, []);
                plan.Creations.Add(draft);
            }
            else
            {
                unchanged.Remove(draft);
                plan.Updates.Add(draft);
            }

            Fill(draft, rest);
        }
    }

    private void Fill(SliceDraft draft, Queue<Endpoint> rest)
    {
        while (draft.Endpoints.Count < maxEndpoints && rest.TryDequeue(out var endpoint))
        {
            draft.Endpoints.Add(endpoint);
        }
    }

    /// <summary>A service with no endpoints has one empty slice, so that one can see that it was looked at.</summary>
    private void KeepPlace(string type, List<EndpointSlice> slices, SlicePlan plan)
    {
        var place = slices.Find(slice => slice.Endpoints.Length == 0);
        if (place is null)
        {
            plan.Creations.Add(new SliceDraft(null, type, [], []));
        }
        else if (isStale(place))
        {
            plan.Updates.Add(new SliceDraft(place, type, [], []));
        }

        plan.Deletions.AddRange(slices.Where(slice => slice != place));
    }

    /// <summary>A slice that would go becomes one that would be made.</summary>
    private void Recycle(SlicePlan plan)
    {
        for (var i = plan.Creations.Count - 1; i >= 0; i--)
        {
            var draft = plan.Creations[i];
            if (plan.Deletions.Find(slice => slice.AddressType == draft.AddressType && isOwned(slice)) is { } slice)
            {
                plan.Deletions.Remove(slice);
                plan.Creations.RemoveAt(i);
                plan.Updates.Add(draft with { Existing = slice });
            }
        }
    }
}
