namespace Etcdish.Kubelet.Volumes;

/// <summary>Modes of files and folders.</summary>
internal static class Modes
{
    /// <summary>0777: everybody may do everything.</summary>
    public const int Everybody = 0x1FF;

    /// <summary>0755: everybody may look, the owner may change.</summary>
    public const int Folder = 0x1ED;

    /// <summary>0750: the owner's, whose group may look.</summary>
    public const int Private = 0x1E8;

    /// <summary>0700.</summary>
    public const int OwnerOnlyFolder = 0x1C0;

    /// <summary>0600.</summary>
    public const int OwnerOnly = 0x180;

    /// <summary>0644: what files have of which nobody says more.</summary>
    public const int File = 0x1A4;

    /// <summary>0660: what a group gets of what it may write.</summary>
    public const int GroupWrites = 0x1B0;

    /// <summary>0440: what a group gets of what it may read.</summary>
    public const int GroupReads = 0x120;

    /// <summary>0110: that a folder may be entered.</summary>
    public const int Enter = 0x48;

    /// <summary>02000: what is made in a folder is of the folder's group.</summary>
    public const int SetGroupId = 0x400;
}
