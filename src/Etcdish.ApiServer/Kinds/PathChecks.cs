namespace Etcdish.ApiServer.Kinds;

/// <summary>Paths of files within volumes and nodes.</summary>
internal static class PathChecks
{
    /// <summary>No step of the path goes up.</summary>
    public static void NoBacksteps(this CheckedField field)
    {
        if (HasBackstep(field.Text))
        {
            field.Invalid("must not contain '..'", field.Text);
        }
    }

    /// <summary>A path below where it is used.</summary>
    public static void DescendingPath(this CheckedField field)
    {
        if (field.Text.StartsWith('/'))
        {
            field.Invalid("must be a relative path", field.Text);
        }

        field.NoBacksteps();
    }

    /// <summary>A path below where it is used, with a first name that is not kept for the kubelet's own files.</summary>
    public static void LocalPath(this CheckedField field)
    {
        field.DescendingPath();
        if (field.Text.StartsWith("..", StringComparison.Ordinal) && !field.Text.StartsWith("../", StringComparison.Ordinal))
        {
            field.Invalid("must not start with '..'", field.Text);
        }
    }

    /// <summary>The permissions of a file.</summary>
    public static void FileMode(this CheckedField field)
    {
        const int MostMode = 511;
        if (field.Number is { } mode && mode is < 0 or > MostMode)
        {
            field.Invalid("must be a number between 0 and 0777 (octal), both inclusive");
        }
    }

    private static bool HasBackstep(string path)
    {
        foreach (var range in path.AsSpan().Split('/'))
        {
            if (path.AsSpan()[range] is "..")
            {
                return true;
            }
        }

        return false;
    }
}
